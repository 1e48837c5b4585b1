#version 330
// Colours spread as the style's are (livesing/style/tones.py), in a table: SIDE slices of SIDE x SIDE, blue from slice to
// slice, colours from -0.25 to 1.25. It is made when the curves change, a dozen times a second.
uniform mat3 turns[TURNS];     // rows are axes
uniform sampler2D curves;       // a row an axis; its quadratic pieces from -1.25 to 1.25 about grey: (1, t, t^2)

// What the curves of a turn's three axes add, and the slopes of that.
vec3 added(int first, vec3 along, out vec3 slopes) {
    vec3 at = clamp((along + 1.25) * 12.0 + 0.5, 1.0, 29.999);
    ivec3 i = ivec3(at);
    vec3 t = at - vec3(i);
    mat3 piece = transpose(mat3(texelFetch(curves, ivec2(i.x, first), 0).rgb,
                                texelFetch(curves, ivec2(i.y, first + 1), 0).rgb,
                                texelFetch(curves, ivec2(i.z, first + 2), 0).rgb));
    slopes = (piece[1] + 2.0 * t * piece[2]) * 12.0;
    return piece[0] + t * (piece[1] + t * piece[2]);
}

// The colour, and by how much light grows there, 1 at most: what comes on top of that is an edge.
vec4 toned(vec3 c) {
    const vec3 GREY = vec3(0.57735027);
    vec3 grows = GREY, slopes;
    for (int layer = 0; layer < LAYERS; layer++) {
        vec3 from = c, grew = grows;
        for (int k = 0; k < TURNS; k++) {
            c += added(3 * (layer * TURNS + k), turns[k] * (from - 0.5), slopes) * turns[k];
            grows += (turns[k] * grew * slopes) * turns[k];
        }
    }
    return vec4(clamp(c, 0.0, 1.0), min(dot(grows, GREY), 1.0));
}
out vec4 table;

void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    table = toned(vec3(at.x % SIDE, at.y, at.x / SIDE) * (1.5 / float(SIDE - 1)) - 0.25);
}
