package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Written from docs/mark-format.md, with the standard library alone.

const skewSeconds = 30

var sealForm = regexp.MustCompile(`^1\.(\d{1,6})\.([1-9]\d{0,11})\.([\w~-]+)\.([\w~-]+)\.([\w-]{43})$`)

func escape(field string) string {
	var escaped strings.Builder
	for _, b := range []byte(field) {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_' {
			escaped.WriteByte(b)
		} else {
			fmt.Fprintf(&escaped, "~%02x", b)
		}
	}
	return escaped.String()
}

type subject struct{ keyID, secret, audience, expiry, laneKey, lane, pins string }

func (s subject) signature() string {
	kind := "lane"
	if s.pins != "" {
		kind = "pins"
	}
	input := strings.Join([]string{"graylane", "1", kind, escape(s.audience), s.expiry, escape(s.keyID), escape(s.laneKey), escape(s.lane)}, ".")
	if s.pins != "" {
		input += "." + s.pins
	}
	secret, _ := hex.DecodeString(s.secret)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s subject) seal() string {
	return strings.Join([]string{"1", "0", s.expiry, escape(s.keyID), escape(s.audience), s.signature()}, ".")
}

func (s subject) verify(seal string, now int64) string {
	parts := sealForm.FindStringSubmatch(seal)
	if parts == nil || parts[3] != escape(s.keyID) || parts[4] != escape(s.audience) {
		return "forged"
	}
	s.expiry = parts[2]
	if !hmac.Equal([]byte(parts[5]), []byte(s.signature())) {
		return "forged"
	}
	if expiry, _ := strconv.ParseInt(s.expiry, 10, 64); expiry+skewSeconds < now {
		return "expired"
	}
	return "valid"
}

// marks reads lines of fields between tabs: sign or verify, the subject, and for verify the seal and the time.
func marks(in io.Reader, out io.Writer) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		s := subject{fields[1], fields[2], fields[3], fields[4], fields[5], fields[6], fields[7]}
		if fields[0] == "sign" {
			fmt.Fprintln(out, s.seal())
			continue
		}
		now, _ := strconv.ParseInt(fields[9], 10, 64)
		fmt.Fprintln(out, s.verify(fields[8], now))
	}
}
