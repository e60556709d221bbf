//! Evaluates flags with Rust's flagd provider, and prints the values.
//!
//! `buckets FLAGS LINES` evaluates the "flag key" lines of a file in-process; `buckets rpc PORT LINES` asks a server by
//! RPC, with lines of "type flag lane".

use open_feature::provider::FeatureProvider;
use open_feature::{EvaluationContext, EvaluationError};
use open_feature_flagd::{FlagdOptions, FlagdProvider, ResolverType};
use std::{env, error::Error, fmt::Display, fs};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [mode, port, lines] if mode == "rpc" => by_rpc(port.parse()?, &fs::read_to_string(lines)?).await,
        [flags, lines] => in_process(flags, &fs::read_to_string(lines)?).await,
        _ => Err("give it FLAGS LINES, or rpc PORT LINES".into()),
    }
}

async fn in_process(flags: &str, lines: &str) -> Result<(), Box<dyn Error>> {
    let provider = FlagdProvider::new(FlagdOptions {
        resolver_type: ResolverType::File,
        source_configuration: Some(flags.to_string()),
        ..Default::default()
    })
    .await?;
    for line in lines.lines() {
        let (flag, key) = line.split_once(' ').ok_or("a line is a flag and a key")?;
        let context = EvaluationContext::default().with_targeting_key(key);
        let value = provider.resolve_string_value(flag, &context).await;
        println!("{}", value.map_or("none".to_string(), |details| details.value));
    }
    Ok(())
}

async fn by_rpc(port: u16, lines: &str) -> Result<(), Box<dyn Error>> {
    let provider = FlagdProvider::new(FlagdOptions {
        host: "127.0.0.1".to_string(),
        port,
        resolver_type: ResolverType::Rpc,
        ..Default::default()
    })
    .await?;
    for line in lines.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [kind, flag, lane] = fields[..] else {
            return Err("a line is a type, a flag and a lane".into());
        };
        let context = EvaluationContext::default().with_custom_field("lane", lane);
        let shown = match kind {
            "boolean" => show(provider.resolve_bool_value(flag, &context).await.map(|details| details.value)),
            "string" => show(provider.resolve_string_value(flag, &context).await.map(|details| details.value)),
            "integer" => show(provider.resolve_int_value(flag, &context).await.map(|details| details.value)),
            "float" => show(provider.resolve_float_value(flag, &context).await.map(|details| details.value)),
            _ => return Err(format!("there is no type {kind}").into()),
        };
        println!("{shown}");
    }
    Ok(())
}

/// The value; of an error, its code. The SDK has no default: the code takes its own where there is an error.
fn show<T: Display>(result: Result<T, EvaluationError>) -> String {
    result.map_or_else(|error| format!("{:?}", error.code), |value| value.to_string())
}
