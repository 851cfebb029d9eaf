//! The baselines that come with trueup.

use trueup_core::baseline::BuiltIn;

/// The baselines that come with trueup. A version never changes what it wants.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        name: "minimal@1",
        text: include_str!("../baselines/minimal.toml"),
    },
    BuiltIn {
        name: "recommended@1",
        text: include_str!("../baselines/recommended.toml"),
    },
    BuiltIn {
        name: "checklist@1",
        text: include_str!("../baselines/checklist-1.toml"),
    },
    BuiltIn {
        name: "checklist@2",
        text: include_str!("../baselines/checklist.toml"),
    },
];
