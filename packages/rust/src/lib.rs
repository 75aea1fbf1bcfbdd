//! Stubs of `inferd.v1`, the contract of [inferd](https://inferd.dev), a gRPC model server.
//!
//! ```no_run
//! # async fn call() -> Result<(), Box<dyn std::error::Error>> {
//! use inferd_v1::generation_service_client::GenerationServiceClient;
//! use inferd_v1::{GenerateRequest, generate_request::Input};
//!
//! let mut generation = GenerationServiceClient::connect("http://localhost:50051").await?;
//! let request = GenerateRequest {
//!     input: Some(Input::Prompt("Once upon a time".into())),
//!     ..Default::default()
//! };
//! println!("{}", generation.generate(request).await?.into_inner().text);
//! # Ok(())
//! # }
//! ```

tonic::include_proto!("inferd.v1");
