#version 330
// The page of `livesing label`, with what moves on it: how far the passage has played, and which tile is meant.
uniform sampler2D page;
uniform vec2 size;    // of the page, pixels
uniform vec4 wave;    // left, top, right, bottom, pixels from the top left
uniform float played; // 0 to 1
uniform vec4 hover;   // the tile under the pointer; all 0 for none
uniform vec4 chosen;  // the tile that was picked last
uniform float glow;   // how much of that is still to be seen, 0 to 1
in vec2 uv;
out vec4 colour;

const vec3 accent = vec3(1.0, 0.72, 0.36);

// How much of a line of `thick` pixels around a box with rounded corners covers this pixel.
float outline(vec2 at, vec4 box, float thick) {
    vec2 half_size = (box.zw - box.xy) * 0.5;
    float radius = min(9.0 * size.y / 720.0, min(half_size.x, half_size.y));
    vec2 q = abs(at - (box.xy + box.zw) * 0.5) - half_size + radius;
    float away = length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - radius;
    return clamp(1.0 - abs(away) + thick * 0.5, 0.0, 1.0) * step(1.0, half_size.x);
}

void main() {
    vec2 at = vec2(uv.x, 1.0 - uv.y) * size;
    vec3 shown = textureLod(page, vec2(uv.x, 1.0 - uv.y), 0.0).rgb;
    bool in_wave = all(greaterThanEqual(at, wave.xy)) && all(lessThan(at, wave.zw));
    if (in_wave && at.x < mix(wave.x, wave.z, played)) shown = mix(shown, accent, smoothstep(0.12, 0.4, shown.g));
    shown = mix(shown, vec3(0.95), 0.9 * outline(at, hover, 2.5));
    shown = mix(shown, accent, glow * outline(at, chosen, 5.0));
    colour = vec4(shown, 1.0);
}
