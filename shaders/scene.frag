#version 330
// The scene that needs no generator: it opens the show and takes over when there are no frames. Veils of light in
// a slow flow; valence warms it, arousal quickens and folds it. Drawn small and enlarged by the composite.
uniform float aspect;
uniform float time;             // s of flow, which runs faster with arousal
uniform float valence;          // z-scores
uniform float arousal;
uniform float level;            // 0..1
in vec2 uv;
out vec4 colour;

const mat2 TURN = mat2(0.80, 0.60, -0.60, 0.80);

void main() {
    vec2 p = (uv - 0.5) * vec2(aspect, 1.0) * 2.2;
    float fold = 0.75 + 0.18 * clamp(arousal, -2.0, 2.0);
    vec2 q = p;
    float veil = 0.0, thread = 0.0, scale = 1.0;
    for (int i = 0; i < 5; i++) {
        q = TURN * q + fold * sin(q.yx * 1.7 * scale + vec2(0.23, -0.19) * time + float(i) * 1.3) / scale;
        float ridge = sin(q.x * 1.6 + q.y * 0.7 + 0.11 * time);
        veil += (0.5 + 0.5 * ridge) / scale;
        thread += exp(-9.0 * abs(ridge) * scale) / scale;
        scale *= 1.55;
    }
    veil /= 2.6;
    float warm = 0.5 + 0.22 * clamp(valence, -2.0, 2.0);
    vec3 deep = mix(vec3(0.020, 0.030, 0.090), vec3(0.110, 0.030, 0.070), warm);
    vec3 body = mix(vec3(0.070, 0.230, 0.420), vec3(0.760, 0.310, 0.160), warm);
    vec3 high = mix(vec3(0.450, 0.760, 0.880), vec3(1.000, 0.830, 0.480), warm);
    float drift = 0.5 + 0.5 * sin(q.x * 0.6 - q.y * 0.4 + 0.07 * time);
    vec3 c = mix(deep, mix(body, body.brg, 0.35 * drift), smoothstep(0.15, 0.95, veil));
    c += high * thread * (0.10 + 0.16 * level);
    c *= 1.0 - 0.22 * dot(p, p) / (1.0 + aspect * aspect);
    colour = vec4(c, 0.0);          // no lines
}
