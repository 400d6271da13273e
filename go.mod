module console

go 1.26.0

require (
	github.com/a-h/templ v0.3.1100 // pages
	github.com/alecthomas/kong v1.17.0 // commands, flags and environment from one declaration
	github.com/alexedwards/scs/v2 v2.9.0 // session data, over our own store: the stores it ships keep the expiry in the row
	github.com/chromedp/cdproto v0.159.3 // tests
	github.com/chromedp/chromedp v0.23.0 // tests in a real browser, with no runtime beside Go
	github.com/coreos/go-systemd/v22 v22.7.0 // sockets that systemd passes, and telling it when the console is ready
	github.com/emersion/go-sasl v0.0.0-20241020182733-b788ff22d5a6 // tests
	github.com/emersion/go-smtp v0.25.1 // tests: a real mail server
	github.com/go-webauthn/webauthn v0.18.2 // passkeys
	github.com/google/uuid v1.6.0 // ids that others see; never secrets
	github.com/jackc/pgx/v5 v5.13.0 // PostgreSQL; lib/pq is kept alive only
	github.com/labstack/echo/v4 v4.16.4 // routing and middleware; its CSRF middleware is not used, see handlers/csrf.go
	github.com/pquerna/otp v1.5.0 // codes of authenticator apps and their QR code; its Validate accepts a code twice, see internal/auth/totp.go
	github.com/pressly/goose/v3 v3.29.0 // migrations
	github.com/prometheus/client_golang v1.25.0 // metrics, in the form that Prometheus asks for
	github.com/wallarm/wallarm-go v0.13.0 // tests: the client whose shapes handlers/wallarm keeps
	github.com/wneessen/go-mail v0.8.1 // mail
	golang.org/x/crypto v0.59.0 // Argon2id; certificates by ACME
	golang.org/x/net v0.62.0 // international domain names
	golang.org/x/sync v0.25.0 // work on several processors at once that ends at the first error
	golang.org/x/sys v0.50.0 // what syscall lacks: TCP_USER_TIMEOUT, prctl (no core dumps), how much room a disk has
	golang.org/x/text v0.44.0 // case folding and normalisation
	modernc.org/sqlite v1.62.0 // SQLite without cgo
)

require (
	github.com/getkin/kin-openapi v0.153.0 // tests: compares answers with the document of the API
	github.com/oapi-codegen/runtime v1.9.0 // tests: what the client made from that document works with
	github.com/swaggest/jsonschema-go v0.3.74 // with openapi-go
	github.com/swaggest/openapi-go v0.2.60 // make generate: the document of the API from the types of its operations; the console does not contain it
)

require (
	github.com/BurntSushi/toml v1.4.1-0.20240526193622-a339e1f7089c // indirect
	github.com/a-h/parse v0.0.0-20250122154542-74294addb73e // indirect
	github.com/andybalholm/brotli v1.2.7 // indirect
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/boombuler/barcode v1.0.1-0.20190219062509-6c824513bacc // indirect
	github.com/cenkalti/backoff/v4 v4.3.0 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/cli/browser v1.3.0 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/fatih/color v1.19.0 // indirect
	github.com/fsnotify/fsnotify v1.10.1 // indirect
	github.com/fxamacker/cbor/v2 v2.9.4 // indirect
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875 // indirect
	github.com/go-openapi/jsonpointer v0.22.5 // indirect
	github.com/go-openapi/swag/jsonname v0.25.5 // indirect
	github.com/go-viper/mapstructure/v2 v2.5.0 // indirect
	github.com/go-webauthn/x v0.3.1 // indirect
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	github.com/google/go-tpm v0.9.8 // indirect
	github.com/gorilla/mux v1.8.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/kr/pretty v0.3.1 // indirect
	github.com/labstack/gommon v0.5.0 // indirect
	github.com/mattn/go-colorable v0.1.15 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mfridman/interpolate v0.0.2 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/natefinch/atomic v1.0.1 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/philhofer/fwd v1.2.0 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	github.com/sethvargo/go-retry v0.5.0 // indirect
	github.com/swaggest/refl v1.3.1 // indirect
	github.com/tinylib/msgp v1.6.4 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	github.com/valyala/fasttemplate v1.2.2 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	go.yaml.in/yaml/v4 v4.0.0 // indirect
	golang.org/x/exp/typeparams v0.0.0-20231108232855-2478ac86f678 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/time v0.15.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
	honnef.co/go/tools v0.8.2 // indirect
	modernc.org/libc v1.80.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)

tool (
	github.com/a-h/templ/cmd/templ // writes the Go code of the pages
	honnef.co/go/tools/cmd/staticcheck // faults and what nothing uses
)
