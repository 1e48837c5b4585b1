// The bands of a picture, and the maps that give them a style's spread (livesing/style/bands.py, wct.py).
uniform sampler2D mixed;        // the picture, with mipmaps
uniform float finest;           // the mipmap that is L_0; below 0 the picture is smaller than that

const float GRAIN = 3.8e-4;     // (5/255)^2: detail as faint as this is the dream's own noise

// A mapped band: faint detail is left to the brush, or noise would flicker; strong detail is amplified as far as is
// `usual` in the style, its mean squared length, and no further, or edges would get halos.
vec3 mapped(mat3 map, float usual, vec3 detail) {
    float energy = dot(detail, detail);
    vec3 y = map * detail * (energy / (energy + GRAIN));
    return y * min(1.0, sqrt(max(6.25 * usual, energy) / max(dot(y, y), 1e-12)));
}
