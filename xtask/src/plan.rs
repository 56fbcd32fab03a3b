//! Which steps each command runs, in which order.

use clap::ValueEnum;

use crate::check;
use crate::conform;
use crate::lang::{java, node, python, rust, swift};
use crate::packages;
use crate::readme;
use crate::step::Step;

/// What `test` can be limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    Check,
    Rust,
    Python,
    Node,
    Java,
    Swift,
    Conform,
    Packages,
    Readme,
}

/// The languages that have a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Python,
    Node,
    Java,
    Swift,
}

/// Everything that building and testing need from outside.
pub fn setup() -> Vec<Step> {
    [python::setup(), node::setup(), java::setup(), swift::setup()].into_iter().flatten().collect()
}

/// The tests of these parts; of all when none is named. Cheapest first.
pub fn test(parts: &[Part]) -> Vec<Step> {
    let all = Part::value_variants();
    let chosen = all.iter().filter(|part| parts.is_empty() || parts.contains(part));
    chosen.flat_map(|part| tests_of(*part)).collect()
}

/// The packages of these languages; of all when none is named.
pub fn dist(languages: &[Language]) -> Vec<Step> {
    let all = Language::value_variants();
    let chosen = all.iter().filter(|language| languages.is_empty() || languages.contains(language));
    chosen.flat_map(|language| package_of(*language)).collect()
}

fn tests_of(part: Part) -> Vec<Step> {
    match part {
        Part::Check => check::steps(),
        Part::Rust => rust::tests(),
        Part::Python => python::tests(),
        Part::Node => node::tests(),
        Part::Java => java::tests(),
        Part::Swift => swift::tests(),
        Part::Conform => conform::tests(conform::Table::Check),
        Part::Packages => packages::tests(),
        Part::Readme => readme::tests(),
    }
}

fn package_of(language: Language) -> Vec<Step> {
    match language {
        Language::Python => python::package(),
        Language::Node => node::package(),
        Language::Java => java::package(),
        Language::Swift => swift::package(),
    }
}
