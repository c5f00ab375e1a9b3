// Command main signs in with an API key, lists users, publishes an event and
// receives it from the stream.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventspb "example/libral/events/v1"
	userspb "example/libral/users/v1"
)

const (
	deadline  = 10 * time.Second
	eventType = "report.created"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	usersConn, err := grpc.Dial(os.Getenv("LIBRAL_USERS_TARGET"), grpc.WithInsecure())
	if err != nil {
		return err
	}
	defer usersConn.Close()
	eventsConn, err := grpc.Dial(os.Getenv("LIBRAL_EVENTS_TARGET"), grpc.WithInsecure())
	if err != nil {
		return err
	}
	defer eventsConn.Close()

	ctx, err = signIn(ctx, userspb.NewAuthServiceClient(usersConn), os.Getenv("LIBRAL_API_KEY"))
	if err != nil {
		return err
	}
	if err := listUsers(ctx, userspb.NewUserServiceClient(usersConn)); err != nil {
		return err
	}
	return followEvents(ctx, eventspb.NewEventServiceClient(eventsConn))
}

// signIn returns a context whose calls are authorized for 15 minutes.
func signIn(ctx context.Context, auth userspb.AuthServiceClient, secret string) (context.Context, error) {
	callCtx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	tokens, err := auth.ExchangeApiKey(callCtx, &userspb.ExchangeApiKeyRequest{Secret: secret})
	if err != nil {
		return nil, err
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+tokens.AccessToken), nil
}

// listUsers prints the login of each user, page by page.
func listUsers(ctx context.Context, users userspb.UserServiceClient) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	request := &userspb.ListUsersRequest{PageSize: 100}
	for {
		page, err := users.ListUsers(ctx, request)
		if err != nil {
			return err
		}
		for _, user := range page.Users {
			fmt.Printf("user %s\n", user.Login)
		}
		if page.NextPageToken == "" {
			return nil
		}
		request.PageToken = page.NextPageToken
	}
}

// followEvents opens a stream behind the newest event, publishes an event and
// prints what arrives.
func followEvents(ctx context.Context, events eventspb.EventServiceClient) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // Ends the stream.
	stats, err := events.GetEventStats(ctx, &eventspb.GetEventStatsRequest{})
	if err != nil {
		return err
	}
	request := &eventspb.StreamEventsRequest{After: stats.HeadPosition, Types: []string{eventType}}
	stream, err := events.StreamEvents(ctx, request)
	if err != nil {
		return err
	}
	if err := publishEvent(ctx, events); err != nil {
		return err
	}
	event, err := stream.Recv()
	if err != nil {
		return err
	}
	data, err := json.Marshal(event.Data.AsMap())
	if err != nil {
		return err
	}
	fmt.Printf("received %s at %d: %s\n", event.Type, event.Position, data)
	return nil
}

// publishEvent publishes an event. A retry with the same id does not append it twice.
func publishEvent(ctx context.Context, events eventspb.EventServiceClient) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	id, err := newUUID()
	if err != nil {
		return err
	}
	data, err := structpb.NewStruct(map[string]interface{}{"format": "csv"})
	if err != nil {
		return err
	}
	event := &eventspb.Event{
		Id:       id,
		Type:     eventType,
		Source:   "reports",
		Category: eventspb.Event_SYSTEM,
		Time:     timestamppb.Now(),
		Data:     data,
	}
	response, err := events.AppendEvents(ctx, &eventspb.AppendEventsRequest{Events: []*eventspb.Event{event}})
	if err != nil {
		return err
	}
	fmt.Printf("published at %d\n", response.Positions[0])
	return nil
}

// newUUID returns a random UUID (version 4).
func newUUID() (string, error) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", err
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]), nil
}
