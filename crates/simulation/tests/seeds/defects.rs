//! Every defect that can be planted is found, and early.

use simulation::{
    defects::{Defect, hunt},
    plan::Size,
};

/// Smaller runs than those that have to be clean: what they show, larger ones show too, and a defect that shows late
/// needs many of them.
const SEEDS: std::ops::Range<u64> = 0..300;
const SIZE: Size = Size { jobs: 60 };

/// lifecycle 3.1 (H1-H12, B1-B15), 1.7, 7 (X): what the field has had is caught within the first 300 seeds, all of
/// which are clean without it.
#[test]
fn each_planted_defect_is_caught() {
    let _alone = super::alone();
    assert!(Defect::ALL.len() >= 15, "only {} defects", Defect::ALL.len());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut missed = Vec::new();
    for defect in Defect::ALL {
        let caught = hunt(*defect, SEEDS, SIZE, threads, false);
        println!("{caught}");
        if caught.seeds.is_empty() {
            missed.push(defect.name());
        }
    }
    assert_eq!(missed, Vec::<&str>::new(), "holes in the checker");
}
