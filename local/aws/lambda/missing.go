package lambda

import (
	"cmp"
	"net/http"

	"s3-thumbnail-creator/local/aws/wire"
)

// elsewhere are the operations on a function that are not here over the wire, by method and the rest of the path.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
var elsewhere = map[string]string{
	"POST": "CreateFunction", "DELETE": "DeleteFunction", "PUT code": "UpdateFunctionCode", "PUT configuration": "UpdateFunctionConfiguration",
	"POST policy": "AddPermission", "POST versions": "PublishVersion", "GET versions": "ListVersionsByFunction",
	"POST aliases": "CreateAlias", "GET aliases": "ListAliases",
}

// noOperation is the error of an operation that is not there, named as the API does where we know, and by its path where
// not.
func noOperation(r *http.Request, operation string) error {
	return wire.Errorf(404, "UnknownOperationException", "the local cloud's Lambda has no operation %s: add it to local/aws/lambda/lambda.go; most have a plain method in function.go",
		cmp.Or(elsewhere[operation], r.Method+" "+r.URL.Path))
}
