//! Large sets shared among threads.

use core::num::NonZeroUsize;
use std::thread;

/// Works on all items, in shares of one size, and returns what came out in their order.
///
/// The calling thread takes a share too, and none is smaller than `least`, which is worth a thread,
/// but the last. A worker does not panic; if one did, its items would come out as `lost`.
pub fn share<I: Sync, O: Send>(
    items: &[I],
    workers: NonZeroUsize,
    least: NonZeroUsize,
    work: impl Fn(&[I]) -> Vec<O> + Sync,
    lost: impl Fn() -> O,
) -> Vec<O> {
    let size = items.len().div_ceil(workers.get()).max(least.get());
    if items.len() <= size {
        return work(items);
    }
    let work = &work;
    thread::scope(|scope| {
        let mut shares = items.chunks(size);
        let own = shares.next().unwrap_or_default();
        let others: Vec<_> = shares.map(|share| (share.len(), scope.spawn(move || work(share)))).collect();
        let mut done = work(own);
        done.reserve(items.len() - own.len());
        for (count, other) in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(_) => done.extend((0..count).map(|_| lost())),
            }
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::share;
    use core::num::NonZeroUsize;

    #[test]
    fn every_item_comes_out_in_order() {
        let at_least = |count| NonZeroUsize::new(count).unwrap();
        for count in 0..20 {
            let items: Vec<usize> = (0..count).collect();
            for workers in 1..6 {
                for least in 1..4 {
                    let same = share(&items, at_least(workers), at_least(least), <[usize]>::to_vec, || usize::MAX);
                    assert_eq!(same, items);
                }
            }
        }
    }

    #[test]
    fn a_lost_worker_costs_its_own_items_only() {
        let items: Vec<usize> = (0..8).collect();
        let two = NonZeroUsize::new(2).unwrap();
        let work = |share: &[usize]| {
            assert!(!share.contains(&7), "this worker is lost");
            share.to_vec()
        };
        assert_eq!(share(&items, two, NonZeroUsize::MIN, work, || 99), [0, 1, 2, 3, 99, 99, 99, 99]);
    }
}
