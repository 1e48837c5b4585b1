// Two generated frames mixed in time, graded, with their glow; in alpha the strength of lines.
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

// `before` and `after`: what older and newer hold at `place`.
vec4 dreamt(vec4 before, vec4 after, vec2 place) {
    vec3 c = clamp(colour * mix(before.rgb, after.rgb, blend) + colour_offset, 0.0, 1.0);
#ifdef GLOW
    // Screen blending adds light without clipping it.
    c = 1.0 - (1.0 - c) * (1.0 - textureLod(glow, place, 0.0).rgb);
#endif
#ifdef LINES
    return vec4(c, mix(before.a * lined.x, after.a * lined.y, blend));
#else
    return vec4(c, 0.0);
#endif
}
