#version 330
// The dream at the generator's own size: two frames mixed in time, graded, with their glow.
// Variant EXACT: both frames have the target's size, so texels are read as they are (a seventh of the cost of a
// filtered look-up on software GL).
uniform sampler2D older;
uniform sampler2D newer;
uniform float blend;            // 0 older, 1 newer
uniform mat3 colour;            // palette, saturation, hue and contrast in one map of sRGB
uniform vec3 colour_offset;
#ifdef GLOW
uniform sampler2D glow;         // light to add: the newer frame, blurred and graded
#endif
in vec2 uv;
out vec4 dream;

void main() {
#ifdef EXACT
    ivec2 texel = ivec2(gl_FragCoord.xy);
    vec3 before = texelFetch(older, texel, 0).rgb, after = texelFetch(newer, texel, 0).rgb;
#else
    vec3 before = textureLod(older, uv, 0.0).rgb, after = textureLod(newer, uv, 0.0).rgb;
#endif
    vec3 c = clamp(colour * mix(before, after, blend) + colour_offset, 0.0, 1.0);
#ifdef GLOW
    // Screen blending adds light without clipping it.
    c = 1.0 - (1.0 - c) * (1.0 - textureLod(glow, uv, 0.0).rgb);
#endif
    dream = vec4(c, 1.0);
}
