//! Makes the stubs from `proto/` alone, with a protoc that crates.io has.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let proto = "../../proto";
    let services = ["generation_service", "embedding_service"]
        .map(|service| format!("{proto}/inferd/v1/{service}.proto"));
    let mut config = tonic_prost_build::Config::new();
    config.protoc_executable(protoc_bin_vendored::protoc_bin_path()?);
    let known_types = protoc_bin_vendored::include_path()?;
    let includes = [proto.into(), known_types];
    tonic_prost_build::configure()
        .build_server(false)
        .compile_with_config(config, &services.map(Into::into), &includes)?;
    Ok(())
}
