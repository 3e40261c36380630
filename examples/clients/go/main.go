// SPDX-License-Identifier: MIT
// main.go - a message sent and read by the client that oapi-codegen makes; docs/clients.md says how.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"

	"example.org/client/dm"
)

func connect(token string) *dm.ClientWithResponses {
	client, err := dm.NewClientWithResponses(os.Getenv("SERVER"),
		dm.WithRequestEditorFn(func(_ context.Context, request *http.Request) error {
			request.Header.Set("Authorization", "Token "+token)
			return nil
		}))
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func id(name string) int64 {
	number, err := strconv.ParseInt(os.Getenv(name), 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	return number
}

func main() {
	ctx := context.Background()
	john, jane := connect(os.Getenv("JOHN")), connect(os.Getenv("JANE"))
	key := "a UUID"
	sent, err := john.DmSendCreateWithResponse(ctx, id("JANE_ID"), &dm.DmSendCreateParams{IdempotencyKey: &key}, dm.MessageSend{Content: "Hello from Go"})
	if err != nil || sent.JSON201 == nil {
		log.Fatal(err, sent)
	}
	fmt.Println("sent", sent.JSON201.Id, sent.JSON201.Direction)
	unread, err := jane.DmUnreadRetrieveWithResponse(ctx, nil)
	if err != nil || unread.JSON200 == nil {
		log.Fatal(err, unread)
	}
	fmt.Println("unread", unread.JSON200.Count)
	page, err := jane.DmConversationsList2WithResponse(ctx, id("JOHN_ID"), nil)
	if err != nil || page.JSON200 == nil {
		log.Fatal(err, page)
	}
	newest := page.JSON200.Results[0]
	fmt.Println("newest", newest.Direction, newest.Content, newest.ReadAt != nil)
	refused, err := john.DmSendCreateWithResponse(ctx, id("JOHN_ID"), nil, dm.MessageSend{Content: "to myself"})
	if err != nil || refused.JSON400 == nil {
		log.Fatal(err, refused)
	}
	fmt.Println("refused", refused.StatusCode(), refused.JSON400.Detail)
	ticket, err := jane.DmEventsTicketCreateWithResponse(ctx, nil)
	if err != nil || ticket.JSON201 == nil {
		log.Fatal(err, ticket)
	}
	fmt.Println("ticket", ticket.JSON201.ExpiresIn)
	listen(ctx, ticket.JSON201.Ticket)
}

// listen opens a stream as a browser does: by a ticket in the URL, without a token.
func listen(ctx context.Context, ticket string) {
	client, err := dm.NewClient(os.Getenv("SERVER"))
	if err != nil {
		log.Fatal(err)
	}
	after := "0"
	stream, err := client.DmEventsRetrieve(ctx, &dm.DmEventsRetrieveParams{LastEventId: &after, Ticket: &ticket})
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Body.Close()
	fmt.Println("stream", stream.StatusCode, stream.Header.Get("Content-Type"))
}
