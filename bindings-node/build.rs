//! Tells the linker what a Node addon needs: among others that it stays loaded, since the engine has threads.

fn main() {
    napi_build::setup();
}
