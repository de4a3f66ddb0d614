using System.Text;
using Amazon.Runtime;
using PredictiveOrchestration.Aws;

namespace PredictiveOrchestration.Tests.Remote;

/// <summary>Signatures against AWS's published test suite for version 4, and against one that AWS's own client made.</summary>
public sealed class SigV4Tests
{
    private const string SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    private static readonly DateTimeOffset Moment = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("GET", "/", "Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    [InlineData("GET", "/", "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197")]
    [InlineData("GET", "/", "Param1=value1", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb")]
    [InlineData("GET", "/ሴ", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")]
    [InlineData("GET", "/example space/", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741")]
    [InlineData("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    [InlineData("POST", "/", "Param1=value1", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11")]
    public void Authorize_PublishedSuite_GivesThePublishedSignature(string method, string path, string query, string signature)
    {
        var value = SigV4Signer.Authorize(
            method, path, query, [("X-Amz-Date", "20150830T123600Z"), ("Host", "example.amazonaws.com")], [], "AKIDEXAMPLE", SecretKey, new SigV4Scope("us-east-1", "service", Moment));

        value.Should().Be($"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}");
    }

    [Fact]
    public async Task Authorize_ArnInThePath_GivesTheSignatureOfAwsOwnClient()
    {
        // The path is encoded twice in what is signed.
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 14, 20, 26, TimeSpan.Zero));
        var authorizer = new SigV4Authorizer(new CredentialSource(new BasicAWSCredentials("AKIDEXAMPLE", SecretKey)), "us-east-1", "braket", time);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://127.0.0.1:8791/quantum-task/arn%3Aaws%3Abraket%3Aus-east-1%3A123456789012%3Aquantum-task%2F11111111-2222-3333-4444-555555555555");

        await authorizer.AuthorizeAsync(request, false, default);

        request.Headers.GetValues("Authorization").Single().Should().EndWith("SignedHeaders=host;x-amz-date, Signature=47d95dc7563edfe47b187f6ad3958c153d215ad6927b1cbe02d36cbe56dc3e75");
    }

    [Fact]
    public async Task Authorize_SessionTokenAndBody_AreSignedAndReplacedAtTheNextAttempt()
    {
        var authorizer = new SigV4Authorizer(new CredentialSource(new SessionAWSCredentials("AKIDEXAMPLE", SecretKey, "a-token")), "us-east-1", "braket", TimeProvider.System);
        using var request = new HttpRequestMessage(HttpMethod.Post, "https://braket.us-east-1.amazonaws.com/quantum-task") { Content = new StringContent("{}", Encoding.UTF8, "application/json") };

        await authorizer.AuthorizeAsync(request, false, default);
        await authorizer.AuthorizeAsync(request, true, default);

        request.Headers.GetValues("x-amz-security-token").Should().Equal("a-token");
        request.Headers.GetValues("Authorization").Should().ContainSingle().Which.Should().Contain("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token");
    }
}
