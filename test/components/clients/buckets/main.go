// Evaluates with the libraries of flagd itself, since its evaluator is not on the module proxy.
//
//	buckets FLAGS LINES   "flag key" lines by fractional, as flagd documents it
//	rules CASES           a JSON array of [rule, data], by flagd's JsonLogic
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/diegoholiveira/jsonlogic/v3"
	"github.com/twmb/murmur3"
)

func main() {
	if os.Args[1] == "rules" {
		rules(read(os.Args[2]))
	} else {
		buckets(read(os.Args[2]), string(read(os.Args[3])))
	}
}

func read(file string) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	return content
}

func rules(cases []byte) {
	var pairs [][2]json.RawMessage
	if err := json.Unmarshal(cases, &pairs); err != nil {
		panic(err)
	}
	for _, pair := range pairs {
		var result bytes.Buffer
		err := jsonlogic.Apply(bytes.NewReader(pair[0]), bytes.NewReader(pair[1]), &result)
		if err != nil {
			fmt.Println("error")
		} else {
			fmt.Println(strings.TrimSpace(result.String()))
		}
	}
}

// The two forms that the test uses: buckets alone, and buckets after {"var": "targetingKey"}.
func buckets(document []byte, lines string) {
	var set struct {
		Flags map[string]struct {
			Targeting struct {
				Fractional []json.RawMessage `json:"fractional"`
			} `json:"targeting"`
		} `json:"flags"`
	}
	if err := json.Unmarshal(document, &set); err != nil {
		panic(err)
	}
	for _, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
		flag, key, _ := strings.Cut(line, " ")
		entries, seed := set.Flags[flag].Targeting.Fractional, flag+key
		if entries[0][0] == '{' {
			entries, seed = entries[1:], key
		}
		fmt.Println(pick(entries, seed))
	}
}

func pick(entries []json.RawMessage, seed string) string {
	variants, weights, total := make([]string, len(entries)), make([]uint64, len(entries)), uint64(0)
	for index, entry := range entries {
		if err := json.Unmarshal(entry, &[]any{&variants[index], &weights[index]}); err != nil {
			panic(err)
		}
		total += weights[index]
	}
	point, reached := uint64(murmur3.StringSum32(seed))*total>>32, uint64(0)
	for index, weight := range weights {
		reached += weight
		if point < reached {
			return variants[index]
		}
	}
	return "none"
}
