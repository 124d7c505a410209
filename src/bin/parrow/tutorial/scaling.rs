//! How the speed-up of a few sections grows with the number of threads.

use parrow::Result;

use super::lesson::Lesson;
use super::sections;
use crate::page::Curve;

/// The sections that are run with other numbers of threads.
const KEYS: [&str; 3] = ["map", "frame_hypotenuse", "normalize"];

/// The most numbers of threads that are tried.
const MOST_POINTS: usize = 12;

/// Runs a few sections with one thread, two, and so on, to some more than there are cores.
pub fn scaling(lesson: &Lesson) -> Result<Vec<Curve>> {
    let sections: Vec<_> = sections::all().filter(|section| KEYS.contains(&section.key)).collect();
    let mut curves: Vec<Curve> =
        sections.iter().map(|section| Curve { name: section.name.to_owned(), points: Vec::new() }).collect();
    for n_threads in thread_counts(parrow::cpu_count()) {
        let lesson = lesson.with_threads(n_threads)?;
        for (section, curve) in sections.iter().zip(&mut curves) {
            curve.points.push((n_threads, (section.run)(&lesson)?.speed_up()));
        }
    }
    Ok(curves)
}

/// 1, 2, 3, 4 on small machines; on large ones powers of two and the number of cores.
fn thread_counts(n_cores: usize) -> Vec<usize> {
    let last = n_cores.max(4);
    if last <= MOST_POINTS {
        return (1..=last).collect();
    }
    let powers = std::iter::successors(Some(1), |n: &usize| n.checked_mul(2));
    powers.take_while(|n_threads| *n_threads < last).chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::thread_counts;

    #[test]
    fn thread_counts_reach_the_cores() {
        assert_eq!(thread_counts(1), [1, 2, 3, 4]);
        assert_eq!(thread_counts(6), [1, 2, 3, 4, 5, 6]);
        assert_eq!(thread_counts(48), [1, 2, 4, 8, 16, 32, 48]);
    }
}
