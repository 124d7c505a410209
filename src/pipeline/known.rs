//! What passes over all rows of the inputs have found, kept for another run over the same inputs.

use serde_json::{Value, json};

use crate::table::ReadOptions;

/// What is known of each input, as the readers of its format tell it.
type OfInput = Vec<Vec<String>>;

/// What is known of the inputs of a run beside what their first rows tell, and how they were read for that. It hangs on nothing
/// that is done with the rows, so that a run with another function may go by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    read: String,
    inputs: Vec<OfInput>,
}

impl Known {
    /// What is known of inputs that are read by these options.
    pub(super) fn new(read: &ReadOptions, inputs: Vec<OfInput>) -> Self {
        Self { read: of_options(read), inputs }
    }

    /// What is known of each of so many inputs that are read by these options; nothing where they were read by others.
    pub(super) fn of(&self, read: &ReadOptions, n_inputs: usize) -> &[OfInput] {
        match self.inputs.len() == n_inputs && self.read == of_options(read) {
            true => &self.inputs,
            false => &[],
        }
    }

    /// Of inputs of which the same is known as of the ones before them, as of thousands of files alike, no more is told than how
    /// many they are.
    pub(super) fn to_json(&self) -> Value {
        let mut runs: Vec<(u64, &OfInput)> = Vec::new();
        for input in &self.inputs {
            match runs.last_mut() {
                Some((n_alike, last)) if *last == input => *n_alike += 1,
                _ => runs.push((1, input)),
            }
        }
        json!({ "read": self.read, "inputs": runs })
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let mut inputs = Vec::new();
        for run in value["inputs"].as_array()? {
            let n_alike = run[0].as_u64()?;
            let input: OfInput = serde_json::from_value(run[1].clone()).ok()?;
            inputs.extend(std::iter::repeat_n(input, n_alike as usize));
        }
        Some(Self { read: value["read"].as_str()?.to_owned(), inputs })
    }
}

/// How rows are read, but for the dtypes that are given: of columns that have one nothing else is known.
fn of_options(read: &ReadOptions) -> String {
    format!("{:?}", read.without_dtypes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_told_and_read_again() {
        let texts = |name: &str| vec![vec![name.to_owned(), "i64".to_owned()], Vec::new()];
        let read = ReadOptions::default();
        let known = Known::new(&read, vec![texts("a"), texts("a"), texts("b"), Vec::new(), texts("a")]);
        let json = known.to_json();
        assert_eq!(json["inputs"].as_array().unwrap().len(), 4);
        let again = Known::from_json(&json).unwrap();
        assert_eq!(again, known);
        assert_eq!(again.of(&read, 5), known.inputs);
        assert!(again.of(&read, 4).is_empty());
        let other = ReadOptions::builder().null_values(["-"]).build().unwrap();
        assert!(again.of(&other, 5).is_empty());
    }
}
