package wire_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"s3-thumbnail-creator/local/aws/account"
	"s3-thumbnail-creator/local/aws/wire"
)

type item struct {
	Name  string
	Count *int `json:",omitempty"`
}

// everything has a member of each kind.
type everything struct {
	item
	Text    string
	Number  float64
	Flag    bool
	At      wire.Time
	Blob    []byte
	List    []string
	Items   []item
	Map     map[string]string
	Flat    []string          `query:"FlatItem"`
	FlatMap map[string]string `query:"Attribute,Name,Value"`
	Absent  []string          `json:",omitempty"`
}

type anyone struct{}

func (anyone) Caller(*http.Request) (account.Principal, error) { return account.Deployer, nil }

// server serves one operation, which returns what it was given, as JSON, and its second, which fails.
func server(t *testing.T) *httptest.Server {
	a := account.New(t.Context(), account.Options{Region: "us-east-1"})
	s := httptest.NewServer(wire.Handler(a, anyone{}, wire.API{Package: "test", Namespace: "http://example.com/", Operations: map[string]wire.Operation{
		"Echo": wire.Op(func(_ context.Context, _ account.Principal, in everything) (any, error) { return in, nil }),
		"Fail": wire.Op(func(_ context.Context, _ account.Principal, _ struct{}) (any, error) {
			return nil, &wire.Error{Status: 404, Code: "service#NoThing", Query: "Service.NoThing", Message: "no <thing>"}
		}),
		"Show": wire.Op(func(_ context.Context, _ account.Principal, in everything) (any, error) {
			doc, err := json.Marshal(in)
			return struct{ Doc string }{string(doc)}, err
		}),
	}}))
	t.Cleanup(s.Close)
	return s
}

func post(t *testing.T, s *httptest.Server, form url.Values) (int, string) {
	t.Helper()
	res, err := http.PostForm(s.URL, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// TestQueryProtocol: lists and maps are wrapped or flattened, in and out.
func TestQueryProtocol(t *testing.T) {
	s := server(t)
	form := url.Values{
		"Action": {"Echo"}, "Version": {"2012-11-05"}, "Name": {"embedded"}, "Count": {"7"}, "Text": {"<&>"}, "Number": {"1.5"}, "Flag": {"true"},
		"At": {"2026-01-02T03:04:05Z"}, "List.member.1": {"a"}, "List.member.2": {"b"}, "Items.member.1.Name": {"x"}, "Items.member.1.Count": {"3"},
		"Map.entry.1.key": {"k"}, "Map.entry.1.value": {"v"}, "FlatItem.1": {"f"}, "FlatItem.2": {"g"}, "Attribute.1.Name": {"n"}, "Attribute.1.Value": {"w"},
	}
	status, body := post(t, s, form)
	for _, want := range []string{
		`<EchoResponse xmlns="http://example.com/"><EchoResult>`, "<Name>embedded</Name><Count>7</Count>", "<Text>&lt;&amp;&gt;</Text>", "<Number>1.5</Number>",
		"<Flag>true</Flag>", "<At>2026-01-02T03:04:05.000Z</At>", "<List><member>a</member><member>b</member></List>",
		"<Items><member><Name>x</Name><Count>3</Count></member></Items>", "<Map><entry><key>k</key><value>v</value></entry></Map>",
		"<FlatItem>f</FlatItem><FlatItem>g</FlatItem>", "<Attribute><Name>n</Name><Value>w</Value></Attribute>", "<ResponseMetadata><RequestId>",
	} {
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("%d: no %s in %s", status, want, body)
		}
	}
	if strings.Contains(body, "Absent") {
		t.Errorf("an empty list that is to be left out is in %s", body)
	}
	form.Set("Action", "Show")
	form.Set("Blob", "AAE=")
	if _, body := post(t, s, form); !strings.Contains(body, "&#34;Blob&#34;:&#34;AAE=&#34;") {
		t.Errorf("base64 comes in as %s", body)
	}
	for name, c := range map[string]struct {
		form   url.Values
		status int
		want   string
	}{
		"a number that is none":   {url.Values{"Action": {"Echo"}, "Number": {"many"}}, 400, "<Code>SerializationException</Code>"},
		"a time that is none":     {url.Values{"Action": {"Echo"}, "At": {"noon"}}, 400, "noon"},
		"an unknown operation":    {url.Values{"Action": {"Nothing"}}, 400, "<Type>Sender</Type><Code>InvalidAction</Code><Message>the local cloud has no operation Nothing"},
		"an error of an own name": {url.Values{"Action": {"Fail"}}, 404, "<Code>Service.NoThing</Code><Message>no &lt;thing&gt;</Message>"},
	} {
		if status, body := post(t, s, c.form); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d, %s; want %d with %s", name, status, body, c.status, c.want)
		}
	}
}

// TestJSONProtocol: the same operations, and the query protocol's code in a header.
func TestJSONProtocol(t *testing.T) {
	s := server(t)
	call := func(operation, body string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Target", "Test."+operation)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	var out everything
	at := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	if err := json.NewDecoder(call("Echo", `{"Text":"t","At":1767323045.6,"FlatMap":{"n":"w"}}`).Body).Decode(&out); err != nil || out.Text != "t" || !out.At.Equal(at) || out.FlatMap["n"] != "w" {
		t.Errorf("%+v, %v", out, err)
	}
	if res := call("Fail", ""); res.StatusCode != 404 || res.Header.Get("X-Amzn-Query-Error") != "Service.NoThing;Sender" {
		t.Errorf("an error: %d, %v", res.StatusCode, res.Header)
	}
}
