#version 330
// A generated frame with the strength of its edges in alpha. Once a generated frame, so that lines cost a displayed
// frame nothing: they are mixed, bent and looked up together with the colours.
uniform sampler2D frame;
out vec4 lined;

void main() {
    ivec2 texel = ivec2(gl_FragCoord.xy), last = textureSize(frame, 0) - 1;
    vec3 east = texelFetch(frame, min(texel + ivec2(1, 0), last), 0).rgb;
    vec3 west = texelFetch(frame, max(texel - ivec2(1, 0), ivec2(0)), 0).rgb;
    vec3 north = texelFetch(frame, min(texel + ivec2(0, 1), last), 0).rgb;
    vec3 south = texelFetch(frame, max(texel - ivec2(0, 1), ivec2(0)), 0).rgb;
    vec3 gx = east - west, gy = north - south;
    lined = vec4(texelFetch(frame, texel, 0).rgb, smoothstep(0.04, 0.26, sqrt(dot(gx, gx) + dot(gy, gy))));
}
