using System;
using System.Net.Http;
using System.Net.Http.Headers;
using Azure.Core;
using Azure.Identity;

var credential = new ClientSecretCredential(
    "{{ tenant }}",
    "{{ client }}",
    Environment.GetEnvironmentVariable("CASBAH_CLIENT_SECRET"),
    new ClientSecretCredentialOptions
    {
        // The library puts the tenant behind it: {{ origin }}/{{ tenant }}
        AuthorityHost = new Uri("{{ origin }}"),
        // Otherwise the library asks Microsoft about this server.
        DisableInstanceDiscovery = true,
    });
AccessToken token = await credential.GetTokenAsync(
    new TokenRequestContext(new[] { "{{ scope }}" }));

using var client = new HttpClient();
client.DefaultRequestHeaders.Authorization =
    new AuthenticationHeaderValue("Bearer", token.Token);
Console.WriteLine(await client.GetStringAsync("{{ origin }}/api/v1/alerts/"));
