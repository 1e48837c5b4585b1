#version 330
// A mesh over the target: view and liquid displacement are worked out at its corners and run smoothly in between,
// which costs next to nothing a pixel.
uniform float aspect;           // of the target, width / height
uniform float source_aspect;    // of the dream
uniform vec4 view;              // cos and sin of the angle over the zoom, offset in picture heights
uniform float warp;             // 0..1
uniform float time;             // s
in vec2 corner;                 // 0..1, y upwards
out vec2 uv;
out vec2 at;                    // where to look in the dream, 0..1, y downwards
out vec2 bend;                  // the displacement alone, in picture heights

void main() {
    vec2 p = (corner - 0.5) * vec2(aspect, 1.0);
    p = vec2(view.x * p.x - view.y * p.y, view.y * p.x + view.x * p.y) + view.zw;
    vec2 wave = sin(p.yx * 5.1 + vec2(0.43, -0.37) * time + vec2(0.0, 1.7));
    wave += 0.5 * sin(p.yx * 8.7 + 1.8 * wave + vec2(-0.61, 0.53) * time);
    bend = 0.035 * warp * wave;
    // The dream covers the target; what hangs over is mirrored, never empty.
    float cover = max(aspect / source_aspect, 1.0);
    at = (p + bend) * vec2(1.0 / (source_aspect * cover), -1.0 / cover) + 0.5;
    uv = corner;
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}
