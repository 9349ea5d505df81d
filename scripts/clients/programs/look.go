// Prints what it sees, each time it is something else: look lookup NAME | look client URL | look once URL.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func lookup(name string) (string, error) {
	addresses, err := net.LookupHost(name)
	if err != nil {
		return "", err
	}
	return addresses[0], nil
}

func get(client *http.Client, url string) (string, error) {
	reply, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	return string(body), err
}

func main() {
	client := &http.Client{Timeout: time.Second}
	if os.Args[1] == "once" {
		client.Transport = &http.Transport{DisableKeepAlives: true}
	}
	last := ""
	for {
		var seen string
		var err error
		if os.Args[1] == "lookup" {
			seen, err = lookup(os.Args[2])
		} else {
			seen, err = get(client, os.Args[2])
		}
		if err != nil {
			seen = "none"
		}
		if seen != last {
			fmt.Println(seen)
			last = seen
		}
		time.Sleep(50 * time.Millisecond)
	}
}
