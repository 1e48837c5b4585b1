#version 330
// One band of the picture after its map, on top of the coarser ones, at the band's own size. Enlarged step by step,
// coarse bands come smoothly.
#include "bands.glsl"
uniform int band;
uniform mat3 map;
uniform float edge;
uniform mat3 low_map;           // of L_4
#ifdef LAST
uniform vec3 mean;              // of the picture's L_4
uniform vec3 style_mean;
#else
uniform sampler2D coarser;      // the bands after this one
#endif
#ifdef TONES
uniform vec4 curve[33];         // of each channel, from -0.5 to 1.5 (livesing/style/tones.py), and the slope of all

vec4 toned(vec3 c) {
    vec4 at = clamp((vec4(c, dot(c, vec3(1.0 / 3.0))) + 0.5) * 16.0, 0.0, 31.999);
    ivec4 i = ivec4(at);
    vec4 low = vec4(curve[i.r].r, curve[i.g].g, curve[i.b].b, curve[i.a].a);
    vec4 high = vec4(curve[i.r + 1].r, curve[i.g + 1].g, curve[i.b + 1].b, curve[i.a + 1].a);
    return mix(low, high, at - vec4(i));
}
#endif
in vec2 uv;
out vec4 painted;

void main() {
    vec3 level = textureLod(mixed, uv, finest + float(band)).rgb;
    vec3 next = textureLod(mixed, uv, finest + float(band + 1)).rgb;
#ifdef LAST
    vec3 rest = low_map * (next - mean) + style_mean;
#else
    vec3 rest = textureLod(coarser, uv, 0.0).rgb;
#endif
    vec3 y = mapped(map, low_map, edge, 1.0, level - next) + rest;
#ifdef TONES
    painted = toned(y);         // here and not in the low-pass, whose edges are soft: there would be halos
#else
    painted = vec4(y, 1.0);
#endif
}
