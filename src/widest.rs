//! Runs a loop with the widest registers that the processor has, though the program is built for all processors.

/// A loop that is worth compiling for several instruction sets.
pub(crate) trait Loop {
    /// Runs it. To be marked `#[inline(always)]`, since it takes on the instruction set of what it is inlined into.
    fn run(self);
}

/// Runs the loop as it was compiled for the best of AVX-512, AVX2 and the instructions that every processor has.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
pub(crate) fn run_widest(it: impl Loop) {
    // Every processor with AVX2 has the instructions for single bits, too.
    let has_bits = is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2");
    if has_bits
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
    {
        // SAFETY: the processor has been found to have what the function is compiled for.
        unsafe { run_avx512(it) }
    } else if has_bits && is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has been found to have what the function is compiled for.
        unsafe { run_avx2(it) }
    } else {
        it.run();
    }
}

/// Runs the loop: the other processors have their vector instructions in every model.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn run_widest(it: impl Loop) {
    it.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,popcnt,lzcnt,bmi1,bmi2")]
fn run_avx512(it: impl Loop) {
    it.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt,lzcnt,bmi1,bmi2")]
fn run_avx2(it: impl Loop) {
    it.run();
}

/// Tells that the processor has AVX-512 with the instructions that put chosen bytes side by side.
#[derive(Clone, Copy)]
pub(crate) struct SideBySide(());

/// A loop that has a use for these instructions, and can do without them.
pub(crate) trait SideBySideLoop {
    /// Runs it. To be marked `#[inline(always)]`, as that of a [`Loop`].
    fn run(self, has: Option<SideBySide>);
}

/// As [`run_widest`], and with these instructions where the processor has them.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
pub(crate) fn run_side_by_side(it: impl SideBySideLoop) {
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
    {
        // SAFETY: the processor has been found to have what the function is compiled for.
        unsafe { run_avx512_side_by_side(it) }
    } else {
        run_widest(Without(it));
    }
}

/// As [`run_widest`].
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn run_side_by_side(it: impl SideBySideLoop) {
    run_widest(Without(it));
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx512vbmi2,popcnt,lzcnt,bmi1,bmi2")]
fn run_avx512_side_by_side(it: impl SideBySideLoop) {
    it.run(Some(SideBySide(())));
}

/// A loop that does without.
struct Without<L>(L);

impl<L: SideBySideLoop> Loop for Without<L> {
    #[inline(always)]
    fn run(self) {
        self.0.run(None);
    }
}

/// A loop over two things that do not overlap, which the compiler knows of parameters alone: of what a [`Loop`] holds it does
/// not, and must read it again after each value that is written.
pub(crate) trait LoopOver<A, B> {
    /// Runs it. To be marked `#[inline(always)]`, as that of a [`Loop`].
    fn run(&self, a: &mut A, b: &mut B);
}

/// As [`run_widest`].
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
pub(crate) fn run_widest_over<A, B>(it: &impl LoopOver<A, B>, a: &mut A, b: &mut B) {
    if is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
    {
        // SAFETY: the processor has been found to have what the function is compiled for.
        unsafe { run_avx512_over(it, a, b) }
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has been found to have what the function is compiled for.
        unsafe { run_avx2_over(it, a, b) }
    } else {
        run_plain_over(it, a, b);
    }
}

/// As [`run_widest`].
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn run_widest_over<A, B>(it: &impl LoopOver<A, B>, a: &mut A, b: &mut B) {
    run_plain_over(it, a, b);
}

/// A function of its own, for what is known of its parameters.
#[inline(never)]
fn run_plain_over<A, B>(it: &impl LoopOver<A, B>, a: &mut A, b: &mut B) {
    it.run(a, b);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
fn run_avx512_over<A, B>(it: &impl LoopOver<A, B>, a: &mut A, b: &mut B) {
    it.run(a, b);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2_over<A, B>(it: &impl LoopOver<A, B>, a: &mut A, b: &mut B) {
    it.run(a, b);
}
