//! What a client does, a line for each thing; or `restart`, where that is the second argument.

mod errors;
mod patience;

/// What `build.rs` makes of `proto/`.
mod inferd {
    tonic::include_proto!("inferd.v1");
}

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;
use tokio::{task, time};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use errors::{code, explain};
use inferd::constraint;
use inferd::embedding;
use inferd::embedding_service_client::EmbeddingServiceClient;
use inferd::generate_request::Input;
use inferd::generate_stream_response::Event;
use inferd::generation_service_client::GenerationServiceClient;
use inferd::{
    Chat, ChatMessage, Constraint, EmbedRequest, FunctionTool, GenerateRequest, Role, Sampling,
    Tool, ToolChoice, tool, tool_choice,
};
use patience::generate_patiently;

type Generation = GenerationServiceClient<Channel>;

const MINUTE: Duration = Duration::from_secs(60);
const MODEL: &str = "inferd-demo";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(status) => {
            eprintln!("error: {}", explain(&status));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Status> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "localhost:50051".into());
    let channel = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| Status::invalid_argument(error.to_string()))?
        .connect_lazy();
    let mut generation = GenerationServiceClient::new(channel.clone());

    if arguments.next().as_deref() == Some("restart") {
        restart(&generation).await;
        return Ok(());
    }
    unary(&mut generation).await?;
    stream(&mut generation).await?;
    chat(&mut generation).await?;
    schema(&mut generation).await?;
    tool(&mut generation).await?;
    embed(channel.clone()).await?;
    deadline(&mut generation).await;
    cancel(&mut generation).await?;
    errors(&mut generation).await;
    health(channel).await?;
    retry(&generation).await;
    Ok(())
}

fn story() -> GenerateRequest {
    GenerateRequest {
        model: MODEL.into(),
        input: Some(Input::Prompt("Once upon a time".into())),
        include_prompt: true,
        sampling: Some(Sampling {
            temperature: Some(0.0),
            max_tokens: Some(16),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn long_story() -> GenerateRequest {
    GenerateRequest {
        model: MODEL.into(),
        input: Some(Input::Prompt("Once upon a time".into())),
        sampling: Some(Sampling {
            max_tokens: Some(1500),
            ignore_eos: Some(true),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// Gives a call its deadline.
fn within<T>(limit: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(limit);
    request
}

async fn unary(generation: &mut Generation) -> Result<(), Status> {
    let request = within(MINUTE, story());
    let response = generation.generate(request).await?.into_inner();
    println!("unary: {}", response.text);
    Ok(())
}

async fn stream(generation: &mut Generation) -> Result<(), Status> {
    let call = generation.generate_stream(within(MINUTE, story())).await?;
    let mut responses = call.into_inner();
    print!("stream: ");
    while let Some(response) = responses.message().await? {
        match response.event {
            Some(Event::Piece(piece)) => {
                print!("{}", piece.text);
                io::stdout().flush()?;
            }
            Some(Event::Finish(finish)) => {
                let usage = finish.usage.unwrap_or_default();
                println!(" ({} tokens)", usage.completion_tokens);
            }
            _ => {}
        }
    }
    Ok(())
}

async fn chat(generation: &mut Generation) -> Result<(), Status> {
    let messages = vec![
        message(Role::System, "Answer briefly."),
        message(Role::User, "What can you do?"),
    ];
    let request = GenerateRequest {
        model: MODEL.into(),
        input: Some(Input::Chat(Chat {
            messages,
            ..Default::default()
        })),
        sampling: Some(Sampling {
            temperature: Some(0.0),
            max_tokens: Some(32),
            ..Default::default()
        }),
        ..Default::default()
    };
    let request = within(MINUTE, request);
    let response = generation.generate(request).await?.into_inner();
    println!("chat: {}", response.text);
    Ok(())
}

fn message(role: Role, content: &str) -> ChatMessage {
    ChatMessage {
        role: role.into(),
        content: content.into(),
        ..Default::default()
    }
}

async fn schema(generation: &mut Generation) -> Result<(), Status> {
    let content = "Extract name and age as JSON: Ada is 36 years old.";
    let request = GenerateRequest {
        model: MODEL.into(),
        input: Some(Input::Chat(Chat {
            messages: vec![message(Role::User, content)],
            ..Default::default()
        })),
        constraint: Some(Constraint {
            kind: Some(constraint::Kind::JsonSchema(
                include_str!("../../person.schema.json").into(),
            )),
            ..Default::default()
        }),
        sampling: Some(Sampling {
            temperature: Some(0.0),
            max_tokens: Some(64),
            ..Default::default()
        }),
        ..Default::default()
    };
    let request = within(MINUTE, request);
    let response = generation.generate(request).await?.into_inner();
    let person = parse(&response.text)?;
    let name = person["name"].as_str().unwrap_or_default();
    println!("schema: {name} is {}", person["age"]);
    Ok(())
}

fn parse(text: &str) -> Result<Value, Status> {
    serde_json::from_str(text).map_err(|error| Status::internal(error.to_string()))
}

async fn tool(generation: &mut Generation) -> Result<(), Status> {
    let weather = FunctionTool {
        name: "get_weather".into(),
        description: "Tells the weather of a city.".into(),
        parameters_schema: include_str!("../../weather.schema.json").into(),
    };
    let chat = Chat {
        messages: vec![message(Role::User, "What is the weather in Oslo?")],
        // A model may also decide: leave this out.
        tool_choice: Some(ToolChoice {
            kind: Some(tool_choice::Kind::FunctionName(weather.name.clone())),
        }),
        tools: vec![Tool {
            kind: Some(tool::Kind::Function(weather)),
        }],
        ..Default::default()
    };
    let request = GenerateRequest {
        model: MODEL.into(),
        input: Some(Input::Chat(chat)),
        sampling: Some(Sampling {
            temperature: Some(0.0),
            max_tokens: Some(128),
            ..Default::default()
        }),
        ..Default::default()
    };
    let request = within(MINUTE, request);
    let response = generation.generate(request).await?.into_inner();
    for call in response.tool_calls {
        let arguments = parse(&call.arguments_json)?;
        let city = arguments["city"].as_str().unwrap_or_default();
        println!("tool: {} of {city}", call.name);
    }
    Ok(())
}

async fn embed(channel: Channel) -> Result<(), Status> {
    let request = EmbedRequest {
        model: "all-minilm-l6-v2".into(),
        inputs: vec!["a cat on the mat".into(), "a kitten on a rug".into()],
        ..Default::default()
    };
    let mut client = EmbeddingServiceClient::new(channel);
    let response = client.embed(within(MINUTE, request)).await?.into_inner();
    let vectors = response
        .embeddings
        .into_iter()
        .map(|item| match item.value {
            Some(embedding::Value::Float32(vector)) => vector.values,
            _ => Vec::new(),
        });
    let [cat, kitten] = &vectors.collect::<Vec<_>>()[..] else {
        return Err(Status::internal("two texts have two vectors"));
    };
    // The vectors have length 1, so that their dot product is the cosine between them.
    let similarity: f32 = cat.iter().zip(kitten).map(|(a, b)| a * b).sum();
    println!(
        "embed: {} dimensions, similarity {similarity:.2}",
        cat.len()
    );
    Ok(())
}

async fn deadline(generation: &mut Generation) {
    let request = within(Duration::from_millis(50), long_story());
    if let Err(status) = generation.generate(request).await {
        println!("deadline: {:?}", code(&status));
    }
}

async fn cancel(generation: &mut Generation) -> Result<(), Status> {
    let call = generation
        .generate_stream(within(MINUTE, long_story()))
        .await?;
    let mut responses = call.into_inner();
    let mut pieces = 0;
    while let Some(response) = responses.message().await? {
        pieces += u32::from(matches!(response.event, Some(Event::Piece(_))));
        if pieces == 3 {
            break;
        }
    }
    // To drop an answer that has not ended is to cancel its call.
    drop(responses);
    println!("cancel: after {pieces} pieces");
    Ok(())
}

async fn errors(generation: &mut Generation) {
    let mut wrong = story();
    wrong.sampling = Some(Sampling {
        temperature: Some(-1.0),
        top_p: Some(3.0),
        ..Default::default()
    });
    if let Err(status) = generation.generate(within(MINUTE, wrong)).await {
        println!("errors: {}", explain(&status));
    }
}

/// Health has a name for the server (empty), for each service, and for each model.
async fn health(channel: Channel) -> Result<(), Status> {
    let request = HealthCheckRequest {
        service: format!("model:{MODEL}"),
    };
    let call = HealthClient::new(channel)
        .watch(within(MINUTE, request))
        .await?;
    if let Some(answer) = call.into_inner().message().await? {
        println!("health: {}", answer.status().as_str_name());
    }
    Ok(())
}

async fn retry(generation: &Generation) {
    let calls = (0..8).map(|_| task::spawn(generate_patiently(generation.clone(), story())));
    let mut served = 0;
    for call in calls.collect::<Vec<_>>() {
        served += u32::from(matches!(call.await, Ok(Ok(_))));
    }
    println!("retry: {served} of 8 served");
}

/// Calls until standard input ends or has a line.
async fn restart(generation: &Generation) {
    let mut stopped = task::spawn_blocking(|| io::stdin().read_line(&mut String::new()));
    let (mut calls, mut failed) = (0, 0);
    while time::timeout(Duration::from_millis(200), &mut stopped)
        .await
        .is_err()
    {
        calls += 1;
        if let Err(status) = generate_patiently(generation.clone(), story()).await {
            failed += 1;
            eprintln!("{}", explain(&status));
        }
    }
    println!("restart: {calls} calls, {failed} failed");
}
