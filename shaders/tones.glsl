// Colours spread as the style's are (livesing/style/tones.py).
uniform mat3 turns[TURNS];     // rows are axes
uniform vec3 curves[LAYERS * TURNS * 31];    // control values, from -1.25 to 1.25 about grey

// What the curves of a turn's three axes add, quadratic B-splines; and the slopes of that.
vec3 added(int first, vec3 along, out vec3 slopes) {
    vec3 at = clamp((along + 1.25) * 12.0 + 0.5, 1.0, 29.999);
    ivec3 i = ivec3(at) + first;
    vec3 t = at - floor(at);
    vec3 low = vec3(curves[i.x - 1].x, curves[i.y - 1].y, curves[i.z - 1].z);
    vec3 middle = vec3(curves[i.x].x, curves[i.y].y, curves[i.z].z);
    vec3 high = vec3(curves[i.x + 1].x, curves[i.y + 1].y, curves[i.z + 1].z);
    vec3 rise = middle - low, bend = high - 2.0 * middle + low;
    slopes = (rise + t * bend) * 12.0;
    return 0.5 * (low + middle) + t * (rise + 0.5 * t * bend);
}

// The colour, and by how much light grows there, 1 at most: what comes on top of that is an edge.
vec4 toned(vec3 c) {
    const vec3 GREY = vec3(0.57735027);
    vec3 grows = GREY, slopes;
    for (int layer = 0; layer < LAYERS; layer++) {
        vec3 from = c, grew = grows;
        for (int k = 0; k < TURNS; k++) {
            c += added(31 * (layer * TURNS + k), turns[k] * (from - 0.5), slopes) * turns[k];
            grows += (turns[k] * grew * slopes) * turns[k];
        }
    }
    return vec4(clamp(c, 0.0, 1.0), min(dot(grows, GREY), 1.0));
}
