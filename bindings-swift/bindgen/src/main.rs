//! The UniFFI generator for Swift: `ohmq-swift-bindgen --help` lists its arguments; `cargo xtask swift-bindgen` calls it.

fn main() {
    uniffi::uniffi_bindgen_swift();
}
