module graylane.test/flagd

go 1.24

require (
	buf.build/gen/go/open-feature/flagd/connectrpc/go v1.17.0-20240906125204-0a6a901b42e8.1
	buf.build/gen/go/open-feature/flagd/protocolbuffers/go v1.36.5-20250127221518-be6d1143b690.1
	connectrpc.com/connect v1.17.0
	google.golang.org/protobuf v1.36.5
)
