package account

// Principal is who makes a request.
type Principal struct {
	ARN     string // as error messages show it
	Role    string // name of the role whose session it is; "" for the deployer and for services
	RoleARN string
	Service string // "s3.amazonaws.com" when an AWS service acts by itself
	Session string // access key of the session
}

// Deployer is everyone without a role: the person or program that deploys. It may do everything that no resource policy denies.
var Deployer = Principal{ARN: "arn:aws:iam::" + ID + ":user/deployer"}

// Credentials are a role session's credentials.
type Credentials struct{ AccessKey, Secret, Token string }

// Environ returns the credentials as the variables that every AWS SDK reads.
func (k Credentials) Environ() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + k.AccessKey, "AWS_SECRET_ACCESS_KEY=" + k.Secret, "AWS_SESSION_TOKEN=" + k.Token}
}

// SecretMark begins each secret of the local cloud, so that a test finds one wherever it should not be.
const SecretMark = "local-secret-"
