$ErrorActionPreference = 'Stop'

$answer = Invoke-RestMethod -Method Post -Uri '{{ origin }}/{{ tenant }}/oauth2/v2.0/token' -Body @{
    grant_type    = 'client_credentials'
    client_id     = '{{ client }}'
    client_secret = $env:CASBAH_CLIENT_SECRET
    scope         = '{{ scope }}'
}

$alerts = Invoke-RestMethod -Uri '{{ origin }}/api/v1/alerts/' -Headers @{
    Authorization = "Bearer $($answer.access_token)"
}
$alerts | ConvertTo-Json -Depth 20
