#version 330
// The dream at the generator's own size: two frames mixed in time, graded, with their glow.
// Variant EXACT: both frames have the target's size, so texels are read as they are (a seventh of the cost of a
// filtered look-up on software GL).
uniform sampler2D older;
uniform sampler2D newer;
uniform float blend;            // 0 older, 1 newer
#ifdef LINES
uniform vec2 lined;             // whether the alpha of older and newer holds lines: 0 or 1
#endif
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
    vec4 before = texelFetch(older, texel, 0), after = texelFetch(newer, texel, 0);
#else
    vec4 before = textureLod(older, uv, 0.0), after = textureLod(newer, uv, 0.0);
#endif
    vec3 c = clamp(colour * mix(before.rgb, after.rgb, blend) + colour_offset, 0.0, 1.0);
#ifdef GLOW
    // Screen blending adds light without clipping it.
    c = 1.0 - (1.0 - c) * (1.0 - textureLod(glow, uv, 0.0).rgb);
#endif
#ifdef LINES
    dream = vec4(c, mix(before.a * lined.x, after.a * lined.y, blend));
#else
    dream = vec4(c, 0.0);
#endif
}
