#version 330
// Two generated frames mixed in time, for the style pass, which takes them apart by their mipmaps.
uniform sampler2D older;
uniform sampler2D newer;
uniform float blend;            // 0 older, 1 newer
uniform vec2 lined;             // whether the alpha of older and newer holds lines: 0 or 1
in vec2 uv;
out vec4 mixed;

void main() {
#ifdef EXACT
    ivec2 texel = ivec2(gl_FragCoord.xy);
    vec4 before = texelFetch(older, texel, 0), after = texelFetch(newer, texel, 0);
#else
    vec4 before = textureLod(older, uv, 0.0), after = textureLod(newer, uv, 0.0);
#endif
    mixed = vec4(mix(before.rgb, after.rgb, blend), mix(before.a * lined.x, after.a * lined.y, blend));
}
