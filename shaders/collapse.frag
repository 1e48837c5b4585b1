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
uniform sampler2D coarser;      // the bands after this one, as the low-pass is mapped
uniform sampler2D more_coarser; // and what their own maps add to that
#endif
#ifdef TONES
uniform sampler2D tones;        // see tones.frag

vec4 toned(vec3 c) {
    const float LAST_ = float(SIDE - 1);
    vec3 at = clamp((c + 0.25) * (LAST_ / 1.5), 0.0, LAST_);
    float slice = min(floor(at.z), LAST_ - 1.0);
    vec2 place = (vec2(slice * float(SIDE), 0.0) + at.xy + 0.5) / vec2(SIDE * SIDE, SIDE);
    return mix(textureLod(tones, place, 0.0), textureLod(tones, place + vec2(1.0 / float(SIDE), 0.0), 0.0), at.z - slice);
}
#endif
in vec2 uv;
layout(location = 0) out vec4 painted;
#ifndef TONES
layout(location = 1) out vec4 more;
#endif

void main() {
    vec3 level = textureLod(mixed, uv, finest + float(band)).rgb;
    vec3 next = textureLod(mixed, uv, finest + float(band + 1)).rgb;
    vec3 even, own;
    parted(map, low_map, edge, level - next, even, own);
#ifdef LAST
    even += low_map * (next - mean) + style_mean;
#else
    even += textureLod(coarser, uv, 0.0).rgb;
    own += textureLod(more_coarser, uv, 0.0).rgb;
#endif
#ifdef TONES
    // Here and not in the low-pass, whose edges are soft: there would be halos. Nor are tones' slopes for the bands' own maps.
    painted = toned(even) + vec4(own, 0.0);
#else
    painted = vec4(even, 1.0);
    more = vec4(own, 1.0);
#endif
}
