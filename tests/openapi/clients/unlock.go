// Unlocks tickets by a client that openapi-generator made, and prints what it read.
//
// Argument: the plan as JSON. Output: by case, the status and the body as the client's types have it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"

	"generated/channel"
)

type plan struct {
	URL         string
	AccessToken string
	Headers     map[string]string
	Cases       map[string][]string
}

func main() {
	var asked plan
	if err := json.Unmarshal([]byte(os.Args[1]), &asked); err != nil {
		log.Fatal(err)
	}
	configuration := channel.NewConfiguration()
	configuration.Servers = channel.ServerConfigurations{{URL: asked.URL}}
	configuration.UserAgent = asked.Headers["User-Agent"]
	client := channel.NewAPIClient(configuration)
	authorized := context.WithValue(
		context.Background(), channel.ContextAccessToken, asked.AccessToken,
	)
	results := map[string][2]any{}
	for name, tokens := range asked.Cases {
		results[name] = unlock(authorized, client, asked.Headers, tokens)
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		log.Fatal(err)
	}
}

func unlock(
	ctx context.Context, client *channel.APIClient, headers map[string]string, tokens []string,
) [2]any {
	read, response, err := client.TicketsAPI.UnlockTickets(ctx).
		RequestID(headers["Request-ID"]).
		UserAgent(headers["User-Agent"]).
		PACApplicationID(headers["PAC-Application-ID"]).
		PACAPIKey(headers["PAC-API-Key"]).
		PACChannelCode(headers["PAC-Channel-Code"]).
		UnlockRequest(*channel.NewUnlockRequest(tokens)).
		Execute()
	var refused *channel.GenericOpenAPIError
	if errors.As(err, &refused) && refused.Model() != nil {
		return [2]any{response.StatusCode, refused.Model()}
	}
	if err != nil {
		log.Fatal(err)
	}
	return [2]any{response.StatusCode, read}
}
