package provider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// engineLog is the engine's side of the display.
type engineLog struct {
	address string
	conn    *grpc.ClientConn
	client  pulumirpc.EngineClient
}

// dialEngine connects to the engine that the handshake named. An empty address gives a log that discards.
func dialEngine(address string) (*engineLog, error) {
	if address == "" {
		return nil, nil
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("connect to the Pulumi engine at %s: %w", address, err)
	}
	return &engineLog{address, conn, pulumirpc.NewEngineClient(conn)}, nil
}

func (e *engineLog) close() {
	if e != nil {
		e.conn.Close()
	}
}

type logKey struct{}

type resourceLog struct {
	engine *engineLog
	urn    resource.URN
}

// withLog makes logInfo on the returned context show its messages at the resource urn.
func withLog(ctx context.Context, e *engineLog, urn resource.URN) context.Context {
	return context.WithValue(ctx, logKey{}, resourceLog{e, urn})
}

// logInfo shows a message at the resource that the context belongs to. A message that cannot be delivered is lost:
// the display is no reason to fail a deployment.
func logInfo(ctx context.Context, message string) {
	l, ok := ctx.Value(logKey{}).(resourceLog)
	if !ok || l.engine == nil {
		return
	}
	// The message is wanted most when the operation has just been cancelled.
	l.engine.client.Log(context.WithoutCancel(ctx), &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_INFO, Message: message, Urn: string(l.urn),
	})
}
