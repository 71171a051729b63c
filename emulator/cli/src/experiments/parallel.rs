//! Work that does not depend on each other: several chips, or one with and without learning.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Does `jobs` pieces of work on at most `threads` threads. The results come in the order of the jobs; of several errors, the one of
/// the first job is given.
pub(super) fn in_parallel<T: Send, E: Send>(
    threads: usize,
    jobs: usize,
    work: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.clamp(1, jobs.max(1)));
    match pool.build().ok().filter(|pool| pool.current_num_threads() > 1) {
        Some(pool) => {
            let results: Vec<_> = pool.install(|| (0..jobs).into_par_iter().map(&work).collect());
            results.into_iter().collect()
        }
        // One thread, or a system that gives no others.
        None => (0..jobs).map(work).collect(),
    }
}

/// Does the same with two things, at a time if there are two threads.
pub(super) fn both<T: Send, E: Send, A: Sync>(
    threads: usize,
    arguments: [A; 2],
    work: impl Fn(&A) -> Result<T, E> + Sync,
) -> Result<[T; 2], E> {
    let results = in_parallel(threads, 2, |job| work(&arguments[job]))?;
    Ok(results.try_into().unwrap_or_else(|_| unreachable!("two jobs have two results")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_parallel_jobs_keep_their_order() {
        for threads in [1, 3] {
            let squares = in_parallel(threads, 20, |job| Ok::<_, ()>(job * job)).unwrap();
            assert_eq!(squares, (0..20).map(|job| job * job).collect::<Vec<_>>());
            assert_eq!(in_parallel(threads, 9, |job| if job % 3 == 2 { Err(job) } else { Ok(job) }), Err(2));
            assert_eq!(
                both(threads, ["a", "b"], |name| Ok::<_, ()>(name.to_uppercase())).unwrap(),
                ["A", "B"]
            );
        }
    }

    #[test]
    fn a_single_thread_never_has_two_jobs_under_way() {
        // Over the network there is one chip, and one connection to it.
        let busy = std::sync::Mutex::new(());
        in_parallel(1, 5, |_| busy.try_lock().map(drop).map_err(|_| ())).unwrap();
    }
}
