// Stands in for drjosh.dev/zzglob, which the module proxy does not serve.
module drjosh.dev/zzglob

go 1.24
