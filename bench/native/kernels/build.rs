//! Compiles what the C baselines are compiled from, with their flags.

fn main() {
    for file in ["../../baseline/kernels.c", "../../baseline/kernels.h"] {
        println!("cargo::rerun-if-changed={file}");
    }
    cc::Build::new().file("../../baseline/kernels.c").opt_level(2).std("gnu11").compile("kernels");
}
