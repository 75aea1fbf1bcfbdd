module inferd.dev/examples/engine-go

go 1.22
