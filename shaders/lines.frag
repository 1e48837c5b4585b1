#version 330
// A generated frame with the strength of its edges in alpha. Once a generated frame, so that lines cost a displayed
// frame nothing: they are mixed, bent and looked up together with the colours.
uniform sampler2D frame;
out vec4 lined;

ivec2 last = textureSize(frame, 0) - 1;
vec3 at(int x, int y) { return texelFetch(frame, clamp(ivec2(gl_FragCoord.xy) + ivec2(x, y), ivec2(0), last), 0).rgb; }

void main() {
    vec3 ne = at(1, 1), nw = at(-1, 1), se = at(1, -1), sw = at(-1, -1);
    // Sobel's kernels: along a fold of two pixels, plain differences would bead.
    vec3 gx = 0.5 * (at(1, 0) - at(-1, 0)) + 0.25 * (ne - nw + se - sw);
    vec3 gy = 0.5 * (at(0, 1) - at(0, -1)) + 0.25 * (ne - se + nw - sw);
    lined = vec4(at(0, 0), smoothstep(0.04, 0.26, sqrt(dot(gx, gx) + dot(gy, gy))));
}
