// A client with golang.org/x/oauth2. Its argument: the seconds to wait until its token has expired.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	client := func(secret string) *http.Client {
		config := clientcredentials.Config{
			ClientID:     os.Getenv("M2M_CLIENT_ID"),
			ClientSecret: secret,
			TokenURL:     os.Getenv("M2M_TOKEN_ENDPOINT"),
			Scopes:       []string{"api:read"},
		}
		return config.Client(context.Background())
	}
	call := func(client *http.Client) {
		response, err := client.Get(os.Getenv("M2M_ENDPOINT") + "/v1/projects")
		if err != nil {
			fmt.Println("refused")
			return
		}
		response.Body.Close()
		fmt.Println(response.StatusCode)
	}
	known := client(os.Getenv("M2M_CLIENT_SECRET"))
	call(known)
	call(known)
	wait, _ := time.ParseDuration(os.Args[1] + "s")
	time.Sleep(wait)
	call(known)
	call(client("another"))
}
