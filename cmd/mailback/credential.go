package main

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	cloudconfig "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// transport is Go's default one, with the certificates of MAILBACK_CA_FILE beside the system's.
func (s *settings) transport() (*http.Transport, error) {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("http.DefaultTransport is not an *http.Transport")
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = 16
	if s.CAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("MAILBACK_CA_FILE: a file with PEM certificates, or none: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's certificates: %w", err)
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("MAILBACK_CA_FILE: a file with PEM certificates, of which %s has none", s.CAFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// credential is how Mailback signs in to Microsoft: by what is set, else by the machine's managed identity. An authority
// host that was set is taken at its word, without instance discovery, which would ask Microsoft about it.
func (s *settings) credential(rt http.RoundTripper) (azcore.TokenCredential, error) {
	options := policy.ClientOptions{
		Cloud:     cloudconfig.Configuration{ActiveDirectoryAuthorityHost: s.endpoints().authority},
		Transport: &http.Client{Transport: rt},
		Retry:     policy.RetryOptions{MaxRetries: 1}, // jobs repeat what fails
	}
	known := s.AzureAuthorityHost != ""
	switch {
	case s.AzureClientSecret != "":
		return azidentity.NewClientSecretCredential(s.AzureTenantID, s.AzureClientID, s.AzureClientSecret,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: known})
	case s.AzureCertificatePath != "":
		return s.certificate(options, known)
	case s.AzureFederatedTokenFile != "":
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: known,
			TenantID: s.AzureTenantID, ClientID: s.AzureClientID, TokenFilePath: s.AzureFederatedTokenFile,
		})
	default:
		return azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
			ClientOptions: options, ID: azidentity.ClientID(s.AzureClientID),
		})
	}
}

func (s *settings) certificate(options policy.ClientOptions, known bool) (azcore.TokenCredential, error) {
	certs, key, err := s.readCertificate()
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientCertificateCredential(s.AzureTenantID, s.AzureClientID, certs, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: known})
}

// readCertificate reads the file of AZURE_CLIENT_CERTIFICATE_PATH: the app's certificate, with those that follow it, and its key.
func (s *settings) readCertificate() ([]*x509.Certificate, crypto.PrivateKey, error) {
	b, err := os.ReadFile(s.AzureCertificatePath)
	if err != nil {
		return nil, nil, fmt.Errorf("AZURE_CLIENT_CERTIFICATE_PATH: %w", err)
	}
	var password []byte
	if s.AzureCertificatePassword != "" {
		password = []byte(s.AzureCertificatePassword)
	}
	certs, key, err := azidentity.ParseCertificates(b, password)
	if err != nil {
		return nil, nil, fmt.Errorf("AZURE_CLIENT_CERTIFICATE_PATH: %w", err)
	}
	return certs, key, nil
}
