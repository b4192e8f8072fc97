// Pins the published Go client of the Stacks API, an independent check of the simulator.
module testbed.invalid/stacksapi-client

go 1.25.0

require github.com/buildkite/stacksapi v1.0.2

require (
	github.com/buildkite/roko v1.4.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
)
