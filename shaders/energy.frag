#version 330
// How much detail each band has after its map, locally: where there is less than in the style, the brush paints.
#include "bands.glsl"
uniform mat3 maps[4];           // of b_0 to b_3
uniform mat3 low_map;           // of L_4
uniform vec4 edges;             // of the bands
in vec2 uv;
out vec4 energy;

void main() {
    vec3 level = textureLod(mixed, uv, finest).rgb;
    for (int k = 0; k < 4; k++) {
        vec3 next = textureLod(mixed, uv, finest + float(k + 1)).rgb;
        vec3 y = mapped(maps[k], low_map, edges[k], 1.0, level - next);
        energy[k] = dot(y, y);
        level = next;
    }
}
