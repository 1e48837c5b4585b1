// Where lens and view look in the dream: mirrored at its borders; good within one picture's width, which is as far
// as the view goes.
vec2 mirrored(vec2 at) { return 1.0 - abs(1.0 - abs(at)); }
