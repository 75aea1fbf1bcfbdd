//! Makes the stubs from the protos, which the published crate has with it.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let protos: Vec<_> = std::fs::read_dir("proto/inferd/v1")?
        .map(|entry| entry.map(|file| file.path()))
        .collect::<Result<_, _>>()?;
    println!("cargo:rerun-if-changed=proto/inferd");
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds(protox::compile(protos, ["proto"])?)?;
    Ok(())
}
