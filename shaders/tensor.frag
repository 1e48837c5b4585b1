#version 330
// The picture's structure tensor, smoothed over time: the direction that strokes follow. As a doubled angle, so that
// up and down are one direction, and in z its strength.
uniform sampler2D mixed;
uniform sampler2D last;
uniform float finest;
uniform float follow_gain;      // share of the new in this frame
in vec2 uv;
out vec4 tensor;

void main() {
    vec2 d = exp2(finest + 2.0) / vec2(textureSize(mixed, 0));
    vec3 gx = textureLod(mixed, uv + vec2(d.x, 0.0), finest + 2.0).rgb - textureLod(mixed, uv - vec2(d.x, 0.0), finest + 2.0).rgb;
    vec3 gy = textureLod(mixed, uv + vec2(0.0, d.y), finest + 2.0).rgb - textureLod(mixed, uv - vec2(0.0, d.y), finest + 2.0).rgb;
    vec4 now = vec4(dot(gx, gx) - dot(gy, gy), 2.0 * dot(gx, gy), dot(gx, gx) + dot(gy, gy), 1.0);
    tensor = mix(textureLod(last, uv, 0.0), now, follow_gain);
}
