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
    painted = vec4(mapped(map, usual, level - next) + rest, 1.0);
}
