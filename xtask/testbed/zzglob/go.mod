// Stands in for drjosh.dev/zzglob in the agent of the test cluster.
module drjosh.dev/zzglob

go 1.24
