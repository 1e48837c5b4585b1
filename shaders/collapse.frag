#version 330
// One band of the picture after its map, on top of the coarser ones, at the band's own size. Enlarged step by step,
// coarse bands come smoothly.
#include "bands.glsl"
uniform int band;
uniform mat3 map;
uniform float usual;
#ifdef LAST
uniform mat3 low_map;           // of L_4
uniform vec3 mean;              // of the picture's L_4
uniform vec3 style_mean;
#else
uniform sampler2D coarser;      // the bands after this one
#endif
#ifdef TONES
uniform vec3 curve[33];         // of each channel, from -0.5 to 1.5 (livesing/style/tones.py)

vec3 toned(vec3 c) {
    vec3 at = clamp((c + 0.5) * 16.0, 0.0, 31.999);
    ivec3 i = ivec3(at);
    vec3 low = vec3(curve[i.r].r, curve[i.g].g, curve[i.b].b);
    return mix(low, vec3(curve[i.r + 1].r, curve[i.g + 1].g, curve[i.b + 1].b), at - vec3(i));
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
    vec3 y = mapped(map, usual, level - next) + rest;
#ifdef TONES
    y = toned(y);               // here and not in the low-pass, whose edges are soft: there would be halos
#endif
    painted = vec4(y, 1.0);
}
