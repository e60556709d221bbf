package main

import (
	"context"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
)

// recordCarrier lets the propagator read and write the headers of a message.
type recordCarrier struct{ record *kgo.Record }

func (c recordCarrier) Get(key string) string {
	for _, header := range c.record.Headers {
		if header.Key == key {
			return string(header.Value)
		}
	}
	return ""
}
func (c recordCarrier) Set(key, value string) {
	c.record.Headers = append(c.record.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
}
func (c recordCarrier) Keys() []string {
	keys := []string{}
	for _, header := range c.record.Headers {
		keys = append(keys, header.Key)
	}
	return keys
}

// relayMessages sends each message of one topic to another, with the baggage that came.
func relayMessages(brokers, source, target string) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.ConsumerGroup(source),
		kgo.ConsumeTopics(source),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		// kafkajs cannot read Snappy, which is the default.
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	)
	if err != nil {
		panic(err)
	}
	for {
		client.PollFetches(context.Background()).EachRecord(func(received *kgo.Record) {
			ctx := propagator.Extract(context.Background(), recordCarrier{received})
			sent := &kgo.Record{Topic: target, Value: received.Value}
			propagator.Inject(ctx, recordCarrier{sent})
			client.Produce(ctx, sent, nil)
		})
	}
}
