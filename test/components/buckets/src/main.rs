//! Evaluates "flag key" lines of a file with Rust's flagd provider, and prints the values.

use open_feature::provider::FeatureProvider;
use open_feature::EvaluationContext;
use open_feature_flagd::{FlagdOptions, FlagdProvider, ResolverType};
use std::{env, error::Error, fs};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    let provider = FlagdProvider::new(FlagdOptions {
        resolver_type: ResolverType::File,
        source_configuration: Some(arguments[1].clone()),
        ..Default::default()
    })
    .await?;
    for line in fs::read_to_string(&arguments[2])?.lines() {
        let (flag, key) = line.split_once(' ').ok_or("a line is a flag and a key")?;
        let context = EvaluationContext::default().with_targeting_key(key);
        let value = provider.resolve_string_value(flag, &context).await;
        println!("{}", value.map_or("none".to_string(), |details| details.value));
    }
    Ok(())
}
