// The bands of a picture, and the maps that give them a style's spread (livesing/style/bands.py, wct.py).
uniform sampler2D mixed;        // the picture, with mipmaps
uniform float finest;           // the mipmap that is L_0; below 0 the picture is smaller than that

const float GRAIN = 3.8e-4;     // (5/255)^2: detail as faint as this is the dream's own noise

// A mapped band: faint detail is left to the brush, or noise would flicker. What is strong beside the picture's usual
// detail, `edge`, belongs to an edge and is mapped as what lies beneath it is, or there would be halos: by the low-pass's
// map and the `slope` of the tones.
vec3 mapped(mat3 map, mat3 low, float edge, float slope, vec3 detail) {
    float energy = dot(detail, detail);
    vec3 y = map * detail * edge + low * detail * (slope * energy);
    return y * (energy / ((energy + edge) * (energy + GRAIN)));
}

// The same in two parts: as the low-pass is mapped, and what the band's own map adds to that.
void parted(mat3 map, mat3 low, float edge, vec3 detail, out vec3 even, out vec3 own) {
    float energy = dot(detail, detail), seen = energy / (energy + GRAIN);
    even = low * detail;
    own = (map * detail - even) * (seen * edge / (energy + edge));
    even *= seen;
}
